"""What every import of a file needs: opening the file, reasons for what does not fit, the report of rejected rows."""
