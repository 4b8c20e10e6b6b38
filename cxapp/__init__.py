"""cxapp: the back office with which online merchants win customers for good."""
