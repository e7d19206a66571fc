"""The tables of [ji2021] run again."""
