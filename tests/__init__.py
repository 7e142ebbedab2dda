"""A package of its own, so that no package of the same name that a library brings can stand in its place."""
