"""
Was what the clients saw what one single store could have answered, each command at one instant between its being asked
and its being answered?

The search is Wing and Gong's with Lowe's memory of where it has been ("Testing for linearizability", 2017); that each
key is judged alone is porcupine's way. What is known of versions and of who read what decides most of the order before
the search begins.
"""
