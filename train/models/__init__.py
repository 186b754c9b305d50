"""Networks, and what gradients go through: generators, critics, and the engine's rendering."""
