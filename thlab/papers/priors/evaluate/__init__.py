"""The tables of [mittal2020] run again: what the latents know, how good the heads are."""
