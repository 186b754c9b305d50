"""What the user asks for, typed: rigs, presets and the settings of a session, from TOML on."""
