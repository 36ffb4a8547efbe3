"""How numbers are written where Django's own way is not the reader's."""
