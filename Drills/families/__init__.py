"""The drills, one family each. Importing a module enters its drills in the register."""
