"""The music that plays when no feed is given: ``feed.flac``, described by ``feed.toml``."""
