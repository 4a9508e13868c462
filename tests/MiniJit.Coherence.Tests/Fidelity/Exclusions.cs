// What is not compared with qemu, and why.
using MiniJit.Backend.Arm64;
using MiniJit.Codegen.Machine;

namespace MiniJit.Coherence.Tests.Fidelity;

internal static class Exclusions
{
    /// <summary>Why a whole form is left out; null if it is compared.</summary>
    public static string? ReasonFor(A64Form form) => form switch
    {
        A64Form.Svc => "enters the operating system",
        A64Form.Brk or A64Form.Hlt or A64Form.Udf => "ends the program with a signal",
        A64Form.Retaa or A64Form.Retab => "authenticates with keys that the system chooses",
        A64Form.Sys => "cache maintenance takes no values; zeroing a block has a test of its own",
        A64Form.Mrs or A64Form.Msr => "most system registers describe the implementation; those of user code have tests of their own",
        _ => null,
    };

    /// <summary>Why an instruction is left out: what it does is unpredictable, or would not end in the slot.</summary>
    public static string? ReasonFor(in A64Instruction instruction)
    {
        switch (instruction.Form)
        {
            case A64Form.LoadStorePost or A64Form.LoadStorePre:
                return instruction.Rd == instruction.Rn && instruction.Rn != 31 && ((MemoryAccess)instruction.Aux).Row().Class == RegClass.Int
                    ? "constrained unpredictable: writes the base twice" : null;

            case A64Form.PairOffset or A64Form.PairNoAllocate or A64Form.PairPost or A64Form.PairPre:
            {
                ref readonly MemoryAccessRow access = ref ((MemoryAccess)instruction.Aux).Row();
                bool writesBack = instruction.Form is A64Form.PairPost or A64Form.PairPre;
                return access.IsLoad && instruction.Rd == instruction.Ra ? "constrained unpredictable: loads one register twice"
                    : writesBack && access.Class == RegClass.Int && instruction.Rn != 31 && (instruction.Rd == instruction.Rn || instruction.Ra == instruction.Rn)
                        ? "constrained unpredictable: writes the base twice" : null;
            }

            case A64Form.LoadStoreRegister:
                return instruction.Rm is 28 or 29 ? "x28 and x29 are the test program's" : null;

            case A64Form.Stxr or A64Form.Stlxr or A64Form.Stxp or A64Form.Stlxp:
                return instruction.Rm == instruction.Rd || (instruction.Rm == instruction.Rn && instruction.Rn != 31)
                    || (instruction.Form is A64Form.Stxp or A64Form.Stlxp && instruction.Rm == instruction.Ra)
                        ? "constrained unpredictable: the status overlaps what is stored" : null;

            case A64Form.Ldxp or A64Form.Ldaxp:
                return instruction.Rd == instruction.Ra ? "constrained unpredictable: loads one register twice" : null;

            default:
                return null;
        }
    }
}
