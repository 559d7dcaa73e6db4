"""What a member sees: one file a screen, the theme, and the parts that screens share.

Start at `app` (how a window opens), then `shell` (what one open window knows and can do),
`routes` (how a screen gets its address), `parts` (what screens are made of) and `theme` (how it
looks). A screen is a function from state to controls; it reaches records only through the
shell's `Device` (locked) or `Session` (unlocked).
"""
