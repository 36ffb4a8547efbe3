"""What cloud vendors charge, by which rule, since when and from which page."""
