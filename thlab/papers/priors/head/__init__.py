"""The talking head of [mittal2020], Sect. 3.2 to 3.4: content in, frames out, and the critics that
judge them.
"""
