"""`xsfn doctor`: is this machine ready for the lab, and if not, what helps?

`read` looks at the machine, `rules` and `surroundings` judge what was seen, `finding` holds the
judgement and puts it in words.
Nothing here needs a package of the kit to be installed, and no secret is ever read into a fact.
"""
