"""The science: agents, mechanisms and physics of industry collaboration. No database, no plots, no web."""
