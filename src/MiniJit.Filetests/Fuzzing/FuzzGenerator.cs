using MiniJit.IR;

namespace MiniJit.Filetests.Fuzzing;

/// <summary>The programs of <c>minijit fuzz</c>: a seed decides everything about one. Keeps its memory; used by one thread.</summary>
internal sealed class FuzzGenerator
{
    private readonly RandomPrograms _programs = new(ScalarOperation.UpTo64Bits(), wide: false);
    private readonly RandomFunctions _functions = new(wide: false);

    /// <summary>The program of a seed: mostly all operations in any order, sometimes what the optimizer looks for.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="suffix">Ends the names of its functions, for programs that will be in one module.</param>
    public FuzzProgram Make(ulong seed, string suffix = "") => new SplitMix64(~seed).OneIn(4)
        ? FuzzProgram.Create(~seed, _functions.Make(seed, suffix: suffix))
        : _programs.Make(seed, suffix);
}
