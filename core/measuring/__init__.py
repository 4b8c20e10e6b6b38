"""Who is held back so that an effect can be measured, and how sure one can be of a difference. Pure; used by all apps."""
