"""Commands of training: registered as entry points, loaded when they are called."""
