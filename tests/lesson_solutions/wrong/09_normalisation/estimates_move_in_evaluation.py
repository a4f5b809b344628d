"""test_9_6_evaluation: updates the running estimates in evaluation.

Says: "must not move"
"""


class BatchNorm(BatchNorm):
    def forward(self, x):
        y = super().forward(x)
        if not self.training:
            self.running_mean, self.running_var = update_running(self.running_mean, self.running_var, x, self.momentum)
        return y
