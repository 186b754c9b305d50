"""The same engine without a device: files, performances from MIDI files, takes played again."""
