"""The tables of [mittal2020] run again: what the latents know, and how good the talking heads are."""
