// How others make machines that lie.
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Machine;

namespace MiniJit.Coherence.Caches;

internal static class LyingMachine
{
    /// <summary>A machine whose fetch side does what its type allows, as chosen.</summary>
    /// <param name="cores">At most <see cref="LyingModel.MaxCores"/>.</param>
    /// <param name="options">What kind of machine.</param>
    /// <param name="choices">Its nondeterminism.</param>
    /// <param name="history">Who hears of it; nobody if null.</param>
    public static Arm64Machine Create(int cores, LyingOptions options, ChoiceSource choices, ILabHistory? history = null) =>
        new(cores, memory => new LyingModel(memory, cores, options, choices) { History = history });

    /// <summary>Its model.</summary>
    public static LyingModel ModelOf(Arm64Machine machine) => (LyingModel)machine.Model;
}
