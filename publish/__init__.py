"""Makes what a workshop hands out, from the kit itself: the hand-out, the slides, the site to read.

Each is made in `build/`, for every language that `docs/` has. Nothing made loads anything from another host.
"""
