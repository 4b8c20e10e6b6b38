"""What staff enter about promotions and loyalty, one module per screen."""
