import Engine

print(InstructionSet.available)
