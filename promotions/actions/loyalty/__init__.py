"""Points: earned, spent, taken back; tiers, rewards and invitations. Every change goes through ``ledger.Account``."""
