"""The stage page: what a browser is shown of the stage, and what it may do."""
