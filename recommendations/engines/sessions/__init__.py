"""What visitors look at in one sitting, and what that says of what they look at next.

:class:`~.columns.Sessions` are the data.
"""
