"""Pictures that Graphviz draws, each with a complete text form."""
