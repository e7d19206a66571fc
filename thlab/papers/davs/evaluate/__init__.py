"""The tables of [zhou2019], a file a table or two."""
