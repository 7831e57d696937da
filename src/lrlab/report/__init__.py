"""Figures and tables made from findings and run folders."""
