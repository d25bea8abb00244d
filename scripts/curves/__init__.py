"""The parts of scripts/learning_curve.py: the plan of runs, their schedule, results, the plot."""
