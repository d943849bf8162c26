"""What is measured: one module for each group of rows that share their contenders."""
