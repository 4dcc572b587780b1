"""The Procfile's worker: RQ workers with the scheduler on the named queues, and the ticker beside."""

from smsbot.up.host import main

if __name__ == "__main__":
    main()
