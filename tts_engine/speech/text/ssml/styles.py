"""Alibaba's emotions and Azure's speaking styles in our seven words. What has none of them is refused."""

EMOTIONS = {
    "neutral": ("neutral", "default", "general", "calm"),
    "happy": ("happy", "happiness", "cheerful", "excited", "joyful"),
    "sad": ("sad", "sadness", "depressed", "disappointed", "sorrowful"),
    "angry": ("angry", "anger"),
    "fear": ("fear", "fearful", "terrified"),
    "hate": ("hate", "disgust", "disgusted", "disgruntled"),
    "surprise": ("surprise", "surprised"),
}
_OURS = {name: emotion for emotion, names in EMOTIONS.items() for name in names}


def emotion(name: str) -> str:
    """Raises ValueError for a style that is no emotion."""
    if name.lower() not in _OURS:
        raise ValueError(f"no voice here has it; use one of {', '.join(_OURS)}")
    return _OURS[name.lower()]
