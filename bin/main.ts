process.stdout.write("animus\n")
