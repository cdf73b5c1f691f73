"""Other search libraries, each set up for hybrid search as its documentation says, behind one Protocol."""
