"""From the feed to published gains: columns or windows, the generator, its answers."""
