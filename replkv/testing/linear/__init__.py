"""
Was what the clients saw what one single store could have answered, each command at one instant between its being asked
and its being answered?

The search is Wing and Gong's with Lowe's memory of where it has been ("Testing for linearizability", 2017); that each
key is searched alone is porcupine's way. Before that, all keys are brought into one order as far as it is known
(C{instants}): versions are those of one log. What is known of versions and of who read what decides
most of the order before the search begins.
"""
