"""The operations on promotions, reservations and coupons."""
