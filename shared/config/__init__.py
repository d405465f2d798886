"""Typed settings: declared once in `declarations`, built per function by `loading.load`, kept fresh by `source.SettingsSource`.

    settings = load(BattleSettings, environment=process_environment())

This package module imports nothing: a function's start pays for its own settings alone.
"""
