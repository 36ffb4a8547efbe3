"""Django writes Chinese numbers without separators; bills in China have them, as everywhere, every three digits."""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
