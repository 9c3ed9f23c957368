"""What is drawn: the diagrams and the workflow graph, each with its words."""
