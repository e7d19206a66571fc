"""Networks that two or more papers use: blocks, the landmark net, the face encoder, and their
weights' training.
"""
