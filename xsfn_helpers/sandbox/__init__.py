"""Two AWS accounts on loopback that enforce IAM: moto's services behind one door that authenticates and decides.

`server.Sandbox` starts, finds and stops it; everything else runs in the sandbox's own process.
"""
