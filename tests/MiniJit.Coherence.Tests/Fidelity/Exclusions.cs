// What is not compared with qemu, and why.
using System;
using MiniJit.Backend.Arm64;
using MiniJit.Codegen.Machine;
using MiniJit.Coherence.Machine;

namespace MiniJit.Coherence.Tests.Fidelity;

internal static class Exclusions
{
    /// <summary>The others say what an implementation is, or when it is asked.</summary>
    public static ReadOnlySpan<SystemRegister> SystemRegisters => [SystemRegister.Nzcv, SystemRegister.Fpcr, SystemRegister.Fpsr];

    /// <summary>
    /// Fields that only code of AArch32 uses: Len and Stride of FPCR, the flags of FPSR. Whether they keep what is written depends on the
    /// implementation.
    /// </summary>
    public static ulong UndefinedBits(SystemRegister register) => register switch
    {
        SystemRegister.Fpcr => 0x37_0000,
        SystemRegister.Fpsr => 0xf000_0000,
        _ => 0,
    };

    /// <summary>Not dc zva, whose block is as large as an implementation likes.</summary>
    public static ReadOnlySpan<SystemOperation> SystemOperations =>
        [SystemOperation.IcIvau, SystemOperation.DcCvac, SystemOperation.DcCvau, SystemOperation.DcCivac];

    /// <summary>Why a whole form is left out; null if it is compared.</summary>
    public static string? ReasonFor(A64Form form) => form switch
    {
        A64Form.Svc => "enters the operating system",
        A64Form.Brk or A64Form.Hlt or A64Form.Udf => "ends the program with a signal",
        A64Form.Eret => "not for user code",
        A64Form.Retaa or A64Form.Retab => "authenticates with keys that the system chooses",
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
