"""The live displays and the notebooks in a real browser: JupyterLab's page, driven headless."""
