"""The machinery's own screens: operations and settings."""
