"""Mandarin speech as a plain library: text in, audio out.

Imports no Django, no Celery and no database, so that it can be used and tested alone:

    from tts_engine.speech.catalog import Catalog
    from tts_engine.speech.speak import speak
"""
