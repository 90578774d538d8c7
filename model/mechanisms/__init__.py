"""The families of collaboration; a mechanism changes what is known or feasible, never a result."""
