import Engine
import Testing

struct InstructionSetTests {
    @Test func everyMachineHasTheBaseline() {
        #expect(InstructionSet.available.first == .baseline)
        #expect(InstructionSet.available.last == InstructionSet.best)
    }

    @Test func levelsAscend() {
        #expect(InstructionSet.allCases == InstructionSet.allCases.sorted())
        #expect(InstructionSet.available == InstructionSet.available.sorted())
    }

    @Test func namesSelectLevels() throws {
        #expect(try InstructionSet(named: "auto") == .best)
        for level in InstructionSet.available { #expect(try InstructionSet(named: level.rawValue) == level) }
    }

    @Test func unknownAndMissingLevelsAreErrors() {
        #expect(throws: InstructionSetError.unknown(name: "avx1024")) { try InstructionSet(named: "avx1024") }
        for level in InstructionSet.allCases where !level.isAvailable {
            #expect(throws: InstructionSetError.unavailable(level)) { try InstructionSet(named: level.rawValue) }
        }
    }
}
